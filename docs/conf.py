"""How Sphinx builds the documentation: Markdown by MyST, the theme Furo; the pictures are drawn before the pages are read.

make docs                       # -> out/docs/index.html; a link that leads nowhere, like any other warning, ends the build
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pictures
from inkdigits import __version__

project, author, copyright = "inkdigits", "the inkdigits contributors", "the inkdigits contributors, MIT licence"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other packages have no pages here; every other reference must lead somewhere

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
    app.connect("builder-inited", lambda _: pictures.draw(Path(__file__).parent / "pictures"))
    app.connect("autodoc-process-docstring", _as_restructured_text)


def _as_restructured_text(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings are plain text with `code` in it: what reStructuredText would read into them is escaped."""
    for number, line in enumerate(lines):
        parts = re.split(r"`([^`]+)`", line)  # text, code, text, ...
        parts[::2] = [re.sub(r"[*|\\]|_(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "``".join(parts)
