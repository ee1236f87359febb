"""A raid in plain Python: slow, readable from top to bottom, and the specification.

The compiled kernel must give exactly the results of this engine, event by event. The two share
only the addressed draws and the rounding to whole ticks and thresholds
(`leakthrough.model.discrete`). This engine reads the scenario itself, keeps all events in one
heap, and after each event checks every threat for every battery concerned.

`setup` builds the threats and batteries, `state` holds them with the heap and the log, `openings`
draws what happens when a window opens, `feasibility` determines what a battery can engage, `tracks`
which threats a layer can hold, and `causes` why a threat leaked. The events of a raid are here.
"""

import heapq
import math
from collections.abc import Iterable, Sequence

from leakthrough.model import defence
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.intercepts import distance_at, legs_of, threshold_at
from leakthrough.reference import channels
from leakthrough.reference.causes import add_possible_causes, cause_of_leaking
from leakthrough.reference.draws import threshold_or_draw, time_or_draw
from leakthrough.reference.entities import Battery, Magazine, Threat
from leakthrough.reference.feasibility import engagement_draw, waits
from leakthrough.reference.luck import is_counted_again, kept_luck
from leakthrough.reference.openings import count_opening, is_counted, limits_of, outcome_of
from leakthrough.reference.selection import next_shot
from leakthrough.reference.state import KILLED, LANDING, OPENING, RELEASE, WAKE_UP
from leakthrough.reference.tracks import TrackedRaid

RETURN, ENDING, RELOAD = range(3)
"""Order of the events of one battery: channels that return, ends of engagements, reloads."""
NOT_REPAIRED = 2**62
"""Tick of a repair that never comes."""
MOST_BUSY = 2**62
"""Largest busy time [ticks]; it saturates there as in the kernel."""


class Raid(TrackedRaid):
    """One raid of one replication: build it, `run` it, read its threats and batteries.

    `raid` is its number in a campaign; `magazine_states`, `lost` (names of batteries),
    `aim_points`, `depots` and `damage` (effective hits by battery) are what earlier raids left.
    `counts` are numbers of threats that were decided before, by salvo.
    """

    def run(self) -> "Raid":
        """Handle every event in order."""
        self.schedule_reloads()
        self.schedule_landings()
        self.schedule_openings()
        while self.heap:
            (tick, *_), handle, arguments = heapq.heappop(self.heap)
            self.sample(before=tick)
            handle(tick, *arguments)
        self.sample(before=math.inf)
        for threat in self.threats:
            if threat.alive:
                outcome = cause_of_leaking(threat)
                self.log(threat.target_tick, "leak", threat, outcome=outcome)
                self.strike(threat)
        self.events.sort(key=lambda event: event.tick)
        return self

    # -------------------------------------------------- events known in advance

    def schedule_reloads(self) -> None:
        """Schedule reloads that are on their way at the start of the raid, or are called then."""
        own = [(battery, magazine) for battery in self.batteries for magazine in battery.magazines]
        # Calls that wait since an earlier raid come first, in their order; then those of this one.
        for _, magazine in sorted(own, key=lambda pair: pair[1].called or 0):
            magazine.call_reload(self.draws, 0)
        for battery, magazine in own:
            self.schedule_reload(battery, magazine)

    def schedule_reload(self, battery: Battery, magazine: Magazine) -> None:
        """Order of reloads: by battery, and after the ends of the battery's engagements."""
        if magazine.due is not None:
            key = magazine.due, RELEASE, battery.order, RELOAD, magazine.order
            self.schedule(key, self.end_reload, battery, magazine)

    def schedule_landings(self) -> None:
        """Order of landings that may destroy a battery: by battery, then by threat."""
        batteries = {battery.name: battery for battery in self.batteries}
        for threat in self.threats:
            battery = batteries.get(threat.salvo.target or "")
            if battery is not None and not threat.kind.decoy:
                key = threat.target_tick, LANDING, battery.order, threat.order
                self.schedule(key, self.land, battery, threat)

    def schedule_openings(self) -> None:
        """Order of windows: by layer, outermost first, then by priority, then by threat."""
        for code, layer in enumerate(self.layers):
            for threat in self.threats:
                for number, window in enumerate(threat.windows[layer.name]):
                    key = window.opening, OPENING, code, -threat.priority, threat.order
                    self.schedule(key, self.open_window, layer, threat, number)

    # -------------------------------------------------- a window opens

    def open_window(self, tick: int, layer: defence.Layer, threat: Threat, number: int) -> None:
        """Soft kill, detection and discrimination if the layer is up; then batteries engage.

        `number` counts the passes of the threat through the reach of the layer, which sees it
        afresh in each.
        """
        if not self.up[layer.name]:
            return
        if threat.death_tick is not None and threat.death_tick <= tick:
            return
        threat.available_to.discard(layer.name)
        threat.waiting_for.discard(layer.name)
        threat.current[layer.name] = threat.windows[layer.name][number]
        limits = limits_of(self.draws, self.chances, layer, threat, number)
        outcome = outcome_of(self.draws, limits, layer, threat, number)
        if is_counted(self.batteries, limits, layer, threat):
            count_opening(self.decisions, self.draws, limits, layer, threat, outcome)
        concerned = self.concerned(layer, threat)
        if outcome == "available" and self.must_wait(tick, layer, threat):
            outcome = "waiting"
        self.log(tick, "opening", threat, layer, outcome=outcome)
        if outcome == "soft killed":
            # Rounds in flight are spent; the channel stays busy until the end of assessment.
            threat.soft_killed_by, threat.killed_by = layer.name, None
            threat.death_tick = tick
            for command, image in threat.images.items():
                image.phase = "engaged" if image.phase == "engaged" else "gone"
                self.drop_tracks(tick, threat, command)
        elif outcome == "waiting":
            threat.waiting_for.add(layer.name)
            threat.possible_causes.add("no_track")
        elif outcome == "available":
            self.hold(tick, layer, threat)
        else:
            add_possible_causes(threat, concerned, self.draws, tick, outcome)

    def hold(self, tick: int, layer: defence.Layer, threat: Threat) -> None:
        """Make a threat available to the batteries of a layer, which engage it if they can."""
        concerned = self.concerned(layer, threat)
        add_possible_causes(threat, concerned, self.draws, tick, "available")
        if layer.name in self.trackers:
            if not self.may_engage(tick, layer, threat):
                return
            self.trackers[layer.name].take(tick, threat)
            self.schedule_track_end(tick, layer, threat)
        threat.available_to.add(layer.name)
        self.schedule_wake_ups(tick, threat, concerned)
        self.serve_all(tick, concerned)

    def schedule_wake_ups(self, tick: int, threat: Threat, concerned: Iterable[Battery]) -> None:
        """Serve batteries again when time alone lets them engage a threat that is held."""
        for battery in concerned:
            for later in waits(self.draws, battery, threat, tick):
                key = later, WAKE_UP, battery.order, threat.order
                self.schedule(key, self.serve_all, [battery])

    def give_track(self, tick: int, layer: defence.Layer) -> None:
        """Give a track to the threat of highest priority, then earliest close, that waits."""
        waiting = [
            threat
            for threat in self.threats
            if layer.name in threat.waiting_for
            and threat.alive_at(tick)
            and self.may_engage(tick, layer, threat)
        ]
        if not waiting or not self.trackers[layer.name].free:
            return
        threat = min(
            waiting, key=lambda own: (-own.priority, own.current[layer.name].closing, own.order)
        )
        threat.waiting_for.discard(layer.name)
        self.log(tick, "track", threat, layer)
        self.hold(tick, layer, threat)

    # -------------------------------------------------- batteries fire

    def serve_all(self, tick: int, concerned: Iterable[Battery]) -> None:
        """Serve batteries, outermost layer first, in each by the layer's selection.

        The order is evaluated again after each shot.
        """
        concerned = set(concerned)
        for layer in self.layers:
            own = [b for b in self.batteries if b in concerned and b.layer is layer]
            asked = self.draws, layer.selection, own, self.threats, tick
            while (shot := next_shot(*asked)) is not None:
                self.engage(tick, *shot)
        for battery in concerned:
            self.schedule_launch(tick, battery)

    def schedule_launch(self, tick: int, battery: Battery) -> None:
        """Serve a battery again when its interval allows the first launch that it prevents now."""
        later = channels.next_launch(self.draws, battery, self.threats, tick)
        if later is not None and (later, battery) not in self.waking:
            self.waking.add((later, battery))
            self.schedule((later, WAKE_UP, battery.order, -1), self.serve_all, [battery])

    def engage(self, tick: int, battery: Battery, magazine: Magazine, threat: Threat) -> None:
        """Fire, and draw everything about the engagement."""
        rounds = channels.rounds_of(self.draws, battery, magazine, threat, tick)
        drawn = engagement_draw(self.draws, battery, threat)
        last = rounds[-1]
        end = last.hit + time_or_draw(battery.spec.assessment_time, drawn[2])
        held = {"assessment": end, "intercept": last.hit, "launch": last.launch}
        returned = held[battery.spec.channel_hold]
        if not threat.alive:
            magazine.on_dead += len(rounds)
        alive = threat.alive_at(tick)
        death = self.death(battery, magazine, threat, rounds) if alive else None
        if death is not None:
            self.kill(battery, threat, death)
        if battery.spec.channel_hold != "assessment":
            key = returned, RELEASE, battery.order, RETURN, threat.order
            self.schedule(key, self.return_channel, battery, threat)
        key = end, RELEASE, battery.order, ENDING, threat.order
        self.schedule(key, self.end_engagement, battery, threat, drawn[3])
        battery.fired[threat] = battery.fired.get(threat, 0) + 1
        channels.take_channel(battery, tick)
        if battery.spec.launch_interval > 0.0:
            battery.launches += [own.launch for own in rounds]
        battery.busy = min(battery.busy + returned - tick, MOST_BUSY)
        battery.engagements += 1
        image, threat.engaged_ever = threat.image(battery.layer), True
        image.phase, image.layer = "engaged", battery.layer.name
        image.engagements += 1
        if image.engagements == threat.kind.max_engagements:
            self.review_limit(tick, threat, battery.layer.command)
        self.log(tick, "firing", threat, battery.layer, battery, magazine, len(rounds))
        self.expend(tick, battery, magazine, len(rounds))

    def kill(self, battery: Battery, threat: Threat, hit: int) -> None:
        """The earliest intercept that kills is the fate; of equal ones, in battery order.

        Other commands see it at that tick.
        """
        known = threat.death_tick, threat.killer
        if known[0] is None or (hit, battery.order) < (known[0], known[1].order):  # type: ignore[union-attr]
            threat.killed_by, threat.death_tick, threat.killer = battery.layer.name, hit, battery
        if len(threat.images) > 1:
            self.schedule((hit, KILLED, threat.order), self.see_kill, threat)

    def see_kill(self, tick: int, threat: Threat) -> None:
        """Commands that are not engaging a threat drop it when rounds of another kill it."""
        if threat.soft_killed_by is not None or threat.death_tick != tick:
            return
        for command, image in threat.images.items():
            if image.phase == "free":
                image.phase = "gone"
                self.drop_tracks(tick, threat, command)

    def death(
        self, battery: Battery, magazine: Magazine, threat: Threat, rounds: Sequence[channels.Round]
    ) -> int | None:
        """Intercept of the round that kills, if any: one integer a round, four integers a draw.

        If the threat keeps its luck, one integer decides all rounds, and only the first is counted.
        """
        (x, y), legs = battery.layer.position, legs_of(threat.path)
        address = ("rounds", threat.salvo.name, battery.spec.name, battery.member)
        start = battery.fired.get(threat, 0) * 2**16
        names = magazine.interceptor.name, threat.kind.name
        kept = kept_luck(self.draws, threat, "kill")
        for n, (_, hit) in enumerate(rounds):
            distance = distance_at(legs, x, y, float(hit - threat.arrival))
            limit = self.kill_threshold(magazine.interceptor, threat.kind.name, distance)
            integer = self.draws.draw(address, threat.number, start + n // 4)[n % 4]
            kills = (integer if kept is None else kept) < limit
            if not is_counted_again(self.draws, threat, "kill", limit, self.decisions):
                self.decisions["hits" if kills else "misses", *names] += 1
                self.decisions["odds", *names] += limit
            if kills:
                return hit
        return None

    def kill_threshold(self, interceptor: defence.Interceptor, threat: str, distance: float) -> int:
        """Threshold of this replication: an uncertain kill probability is drawn once.

        The probabilities at all distances come from one integer.
        """
        value = interceptor.kill_probability[threat]
        # The same in every raid of a replication: an unknown parameter does not change.
        address = ("kill probability", interceptor.name, threat)
        integer = self.draws._replace(raid=0).draw(address)[0]
        if isinstance(value, defence.ByDistance):
            drawn = [threshold_or_draw(own, integer) for own in value.probability]
            return threshold_at(value.distance, drawn, distance)
        return threshold_or_draw(value, integer)

    def expend(self, tick: int, battery: Battery, magazine: Magazine, rounds: int) -> None:
        """Take rounds out; call a reload when few are left, or record the depletion.

        Also record when no rounds but the reserved ones are left, and none are on their way.
        """
        had_more = magazine.ready > magazine.spec.reserved
        magazine.ready -= rounds
        magazine.expended += rounds
        if magazine.call_reload(self.draws, tick):
            self.schedule_reload(battery, magazine)
        if magazine.ready == 0 and magazine.due is None:
            magazine.depletion = tick
        has_more = magazine.ready > magazine.spec.reserved or magazine.due is not None
        if had_more and not has_more and magazine.reserve_reached is None:
            magazine.reserve_reached = tick

    # -------------------------------------------------- ends of engagements, reloads, losses

    def end_engagement(self, tick: int, battery: Battery, threat: Threat, integer: int) -> None:
        """Assess; the threat is available again if the battery believes it alive."""
        concerned = {battery}
        if battery.spec.channel_hold == "assessment":
            channels.give_channel_back(battery, tick)
            concerned = channels.sharing(battery, self.batteries)
        image, alive = threat.image(battery.layer), threat.alive_at(tick)
        misjudged = integer < self.errors_of(battery)[0 if alive else 1]
        image.phase = "free" if alive or misjudged else "gone"
        if threat.soft_killed_by is not None:
            outcome, image.phase = "lost to soft kill", "gone"
        elif alive:
            outcome = "wrongly judged killed" if misjudged else "judged alive"
        else:
            if threat.killer is battery and threat not in self.credited:
                self.credited.add(threat)
                self.log(threat.death_tick or 0, "kill", threat, battery.layer, battery)
            outcome = "wrongly judged alive" if misjudged else "judged killed"
        self.count_assessment(battery, threat, misjudged, alive)
        self.log(tick, "assessment", threat, battery.layer, battery, outcome=outcome)
        command = battery.layer.command
        if outcome == "wrongly judged killed":
            own = {layer.name for layer in self.layers if layer.command == command}
            threat.available_to -= own
        if outcome in ("judged alive", "wrongly judged alive"):
            self.review_tracks(tick, threat, command)
            holding = [
                own
                for own in self.batteries
                if own.layer.command == command and own.layer.name in threat.available_to
            ]
            self.schedule_wake_ups(tick, threat, holding)
            concerned |= {*holding}
        else:
            self.drop_tracks(tick, threat, command)
        self.serve_all(tick, concerned)

    def return_channel(self, tick: int, battery: Battery, threat: Threat) -> None:
        """Free a channel that is not held to the assessment."""
        channels.give_channel_back(battery, tick)
        self.log(tick, "release", threat, battery.layer, battery)
        self.serve_all(tick, channels.sharing(battery, self.batteries))

    def count_assessment(
        self, battery: Battery, threat: Threat, misjudged: bool, alive: bool
    ) -> None:
        """Count an assessment if it may be wrong, and whether it is."""
        if max(self.errors_of(battery)) == 0 or threat.soft_killed_by is not None:
            return
        drawn, wrong = "dead_assessed", "false_survivals"
        if alive:
            drawn, wrong = "alive_assessed", "false_kills"
        self.decisions[drawn, battery.name] += 1
        self.decisions[wrong, battery.name] += misjudged

    def end_reload(self, tick: int, battery: Battery, magazine: Magazine) -> None:
        """Add the rounds of a reload, unless the raid is over: the last threat has landed."""
        over = all(tick > threat.target_tick for threat in self.threats)
        if over or magazine.due != tick:
            return
        rounds = magazine.add_reload()
        magazine.reloaded += rounds
        self.log(tick, "reload", None, battery.layer, battery, magazine, rounds)
        if magazine.call_reload(self.draws, tick):
            self.schedule_reload(battery, magazine)
        self.serve_all(tick, [battery])

    def land(self, tick: int, battery: Battery, threat: Threat) -> None:
        """Draw whether a leaker destroys the battery at which it aims, with all its rounds."""
        if battery.lost or not threat.alive:
            return
        self.decisions["landed", threat.salvo.name] += 1
        integer = self.draws.draw(("loss", threat.salvo.name), threat.number)[0]
        if integer >= self.draws.limit(self.chances.lethality(threat.kind)):
            return
        self.decisions["destroyed", threat.salvo.name] += 1
        battery.damage += 1
        if battery.damage < battery.spec.staying_power:
            self.log(tick, "hit", threat, battery.layer, battery, outcome="battery damaged")
            return
        self.log(tick, "loss", threat, battery.layer, battery)
        battery.lost, battery.loss = True, tick
        for magazine in battery.magazines:
            magazine.lose()
        if battery.layer.name in self.trackers:
            for own in [*self.trackers[battery.layer.name].threats]:
                self.schedule_track_end(tick, battery.layer, own)

    def strike(self, threat: Threat) -> None:
        """Draw which aim point of its asset a leaker hits, and whether it destroys it.

        An aim point that is down at the start of the raid, or is destroyed in it, stays down to
        its end. It is up again when the repairs after all its hits are done.
        """
        asset = next((own for own in self.scenario.assets if own.name == threat.salvo.target), None)
        if asset is None or threat.kind.decoy:
            return
        self.decisions["struck", threat.salvo.name] += 1
        drawn = self.draws.draw(("hit", threat.salvo.name), threat.number)
        outcome = "without effect"
        if drawn[1] < self.limit_at(asset, threat.kind):
            self.decisions["effective", threat.salvo.name] += 1
            own = self.aim_points[asset.name][drawn[0] * asset.aim_points // WORD_RANGE]
            outcome = "aim point already down"
            if own.repaired is None:
                outcome, own.down_from = "aim point destroyed", threat.target_tick
                self.decisions["aim_points_destroyed", asset.name] += 1
            repair = NOT_REPAIRED
            if asset.repair_time is not None:
                repair = threat.target_tick + time_or_draw(asset.repair_time, drawn[2])
            own.down_from = min(own.down_from, threat.target_tick)
            own.repaired = repair if own.repaired is None else max(own.repaired, repair)
        self.log(threat.target_tick, "hit", threat, outcome=outcome)
