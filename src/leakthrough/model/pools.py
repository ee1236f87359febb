"""Channels that several batteries share."""

from pydantic import Field

from leakthrough.model.base import Model, Name


class Pool(Model):
    """Channels that batteries share: a fire-control radar over launchers, crews over their posts.

    An engagement of a battery with this `pool` takes one of its channels for as long as it holds
    one of the battery's own.

    Parameters
    ----------
    name : str
        Its name, unique among the pools.
    channels : int
        Simultaneous engagements of all its batteries together, from 1 to 1e9.

    Raises
    ------
    ScenarioError
        If a field is missing, unknown, or out of bounds, as for all parts of a scenario.
    """

    name: Name
    channels: int = Field(ge=1, le=1_000_000_000, description="Engagements at a time, in all.")
