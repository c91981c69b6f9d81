"""The picture archive: a bounded folder of pictures and its index in the database."""
