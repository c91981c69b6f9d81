"""The dashboard: `python -m streamlit run dashboard/app.py`."""

from pathlib import Path

import streamlit as st

from dashboard.health_strip import health_strip
from dashboard.page_frame import apply_style

HERE = Path(__file__).parent

st.set_page_config(page_title="Referee", layout="wide")
st.logo(HERE / "logo.svg", size="medium")
pages = [
    st.Page(HERE / "views" / "line.py", title="Line", default=True),
    st.Page(HERE / "views" / "trends.py", title="Trends"),
]
page = st.navigation(pages, position="top")
apply_style()
health_strip()
page.run()
