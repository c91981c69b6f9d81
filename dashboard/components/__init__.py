"""Pieces of a page as HTML text. Nothing here knows Streamlit or the database."""
