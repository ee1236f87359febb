"""Tracks of layers that can hold only so many threats at a time.

A track is released when the layer has no use for it: its threat is believed dead, is lost to soft
kill or leaves the window, or no engagement of it is allowed or fits in time any more. It goes to a
threat that waits.
"""

from leakthrough.model import defence
from leakthrough.reference.entities import Threat
from leakthrough.reference.feasibility import last_decision
from leakthrough.reference.state import TRACK, RaidState


class TrackedRaid(RaidState):
    """A raid's tracks."""

    def may_engage(self, tick: int, layer: defence.Layer, threat: Threat) -> bool:
        """Whether any engagement of a threat by a layer is allowed and fits in time from now on."""
        return last_decision(self.draws, self.concerned(layer, threat), threat) >= tick

    def must_wait(self, tick: int, layer: defence.Layer, threat: Threat) -> bool:
        """Whether a threat that is seen waits for a track: the layer could engage it."""
        tracker = self.trackers.get(layer.name)
        return tracker is not None and not tracker.free and self.may_engage(tick, layer, threat)

    def track_end(self, layer: defence.Layer, threat: Threat) -> int:
        """Last tick at which a layer needs its track of a threat, as far as it is known."""
        image = threat.image(layer)
        if image.phase == "engaged" and image.layer == layer.name:
            return threat.current[layer.name].closing
        return last_decision(self.draws, self.concerned(layer, threat), threat)

    def schedule_track_end(self, tick: int, layer: defence.Layer, threat: Threat) -> None:
        """Order of ends of tracks: by layer, and before tracks are given; then by threat."""
        end = max(self.track_end(layer, threat), tick)
        key = end, TRACK, self.layers.index(layer), 0, threat.order
        self.schedule(key, self.end_track, layer, threat)

    def end_track(self, tick: int, layer: defence.Layer, threat: Threat) -> None:
        """Release a track that is of no use after this tick."""
        if threat in self.trackers[layer.name].threats:
            if self.track_end(layer, threat) <= tick:
                self.release_track(tick, layer, threat)
            else:
                self.schedule_track_end(tick, layer, threat)

    def release_track(self, tick: int, layer: defence.Layer, threat: Threat) -> None:
        """Free a track, and give it to a threat that waits."""
        self.trackers[layer.name].release(tick, threat)
        threat.available_to.discard(layer.name)
        self.schedule((tick, TRACK, self.layers.index(layer), 1), self.give_track, layer)

    def drop_tracks(self, tick: int, threat: Threat, command: str | None) -> None:
        """Release the tracks of a threat that a command believes dead, and let it wait no more."""
        for layer in self.layers:
            if layer.command == command:
                threat.waiting_for.discard(layer.name)
                tracker = self.trackers.get(layer.name)
                if tracker is not None and threat in tracker.threats:
                    self.release_track(tick, layer, threat)

    def review_tracks(self, tick: int, threat: Threat, command: str | None) -> None:
        """After an engagement: release the tracks of a threat that are of no use any more."""
        for layer in self.layers:
            tracker = self.trackers.get(layer.name)
            if layer.command == command and tracker is not None and threat in tracker.threats:
                if self.track_end(layer, threat) < tick:
                    self.release_track(tick, layer, threat)
                else:
                    self.schedule_track_end(tick, layer, threat)

    def review_limit(self, tick: int, threat: Threat, command: str | None) -> None:
        """Other layers need no track of a threat that its command may not engage again."""
        for layer in self.layers:
            tracker = self.trackers.get(layer.name)
            if layer.command == command and tracker is not None and threat in tracker.threats:
                self.schedule_track_end(tick, layer, threat)

    def give_track(self, tick: int, layer: defence.Layer) -> None:
        """Give a free track to a threat that waits."""
        raise NotImplementedError
