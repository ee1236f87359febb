"""Names in docstrings: which are links, and which are left out."""

from typing import Any

from docutils.nodes import Element
from sphinx.domains.python import PyXRefRole
from sphinx.environment import BuildEnvironment


class Name(PyXRefRole):
    """A link to a public name, or code if there is none; `.toml` keeps its dot."""

    def process_link(
        self,
        env: BuildEnvironment,
        refnode: Element,
        has_explicit_title: bool,
        title: str,
        target: str,
    ) -> tuple[str, str]:
        """Return the text and the target of the link."""
        if target.startswith("."):
            return title, target
        return super().process_link(env, refnode, has_explicit_title, title, target)


def leave_out(*event: Any) -> bool | None:
    """Leave out members of models that only pydantic or other models use."""
    _, _, name, *_ = event
    return True if name in ("further_mistakes", "model_config") else None
