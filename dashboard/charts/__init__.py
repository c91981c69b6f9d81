"""Charts: a DataFrame in, an Altair chart out. Nothing here uses Streamlit or the database."""
