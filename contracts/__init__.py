"""Pure data and pure rules that every stage shares. Imports nothing of ours."""
