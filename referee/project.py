"""Where the project's own files are: line files, server configurations, the model repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
RUNTIME = ROOT / ".runtime"
"""What set-up installs beside the virtual environment: Triton and the text encoder."""
