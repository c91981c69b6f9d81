"""Pictures on disk, bounded, and their index in the database."""
