"""Parts of a page as HTML. Nothing here imports Streamlit or reads the database."""
