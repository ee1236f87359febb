"""Why a measure need not rise, or fall, all along a field: what a search may not assume."""

_FIRED = "are fired at threats that they rarely kill, and are missing for others"
_KEPT = "that rarely kill keep channels and threats from better ones"
REASONS = {
    "aim_points": "of more aim points more may be destroyed, though each is worth less",
    "channels": f"with more channels more rounds {_FIRED}",
    "count": f"more threats use up rounds, and the rounds of more batteries may be ones {_KEPT}",
    "flight_time": f"with shorter engagements more rounds {_FIRED}",
    "max_salvos": f"with more salvos more rounds {_FIRED}",
    "reaction_time": f"with shorter engagements more rounds {_FIRED}",
    "assessment_time": f"with shorter engagements more rounds {_FIRED}",
    "rounds": f"more rounds {_KEPT}",
    "salvo_size": "larger salvos use up the rounds for other threats",
}
"""Reasons by the last name of a path."""


def caution(path: str) -> str:
    """A sentence on why the measure need not change in one direction along a field."""
    names = path.split(".")
    reason = next((REASONS[name] for name in reversed(names) if name in REASONS), None)
    because = f": {reason}" if reason else ""
    return f"The measure need not rise or fall all along {path}{because}."
