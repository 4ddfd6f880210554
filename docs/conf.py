"""How Sphinx builds the documentation: Markdown and the notebook by MyST, the theme Furo; the pictures are drawn before the pages are read.

The notebook is shown as `make docs` ran it, and without outputs where nothing has run it: nothing is trained while Sphinx builds.

make docs                       # -> out/docs/index.html; a link that leads nowhere, like any other warning, ends the build
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pictures
from inkdigits import __version__

DOCS = Path(__file__).parent
RUN = Path(os.environ.get("INKDIGITS_NOTEBOOK_RUN", DOCS.parent / "out" / "notebook.ipynb"))
"""The notebook with its outputs."""

project, author, copyright = "inkdigits", "the inkdigits contributors", "the inkdigits contributors, MIT licence"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["README.md"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other packages have no pages here; every other reference must lead somewhere

nb_execution_mode = "off"
nb_merge_streams = True
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"inkdigits {__version__}"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
add_module_names = False
html_domain_indices = html_use_index = False


def setup(app: Any) -> None:
    """Called by Sphinx before anything is read."""
    app.connect("builder-inited", lambda _: pictures.draw(DOCS / "pictures"))
    app.connect("source-read", _with_outputs)
    app.connect("autodoc-process-docstring", _as_restructured_text)


def _with_outputs(app: Any, name: str, content: list[str]) -> None:
    """In the place of the notebook comes the one that was run, where there is one."""
    if name != "notebook":
        return
    app.env.note_dependency(str(RUN))  # read again when it is there, or another
    if RUN.exists():
        content[0] = RUN.read_text(encoding="utf-8")


def _as_restructured_text(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings are plain text with `code` in it: what reStructuredText would read into them is escaped."""
    for number, line in enumerate(lines):
        parts = re.split(r"`([^`]+)`", line)  # text, code, text, ...
        parts[::2] = [re.sub(r"[*|\\]|_(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "``".join(parts)
