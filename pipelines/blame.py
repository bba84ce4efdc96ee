"""What ended workers: which places of the input are left out, and when a unit cannot be finished."""

from dataclasses import dataclass, field

from pipelines.watch import At, Doing, Place

# One death may come from outside (no memory left, somebody's kill), and the same input must give the same output.
TWICE = 2
ATTEMPTS = 5  # at something that no failed row can stand for
MOST = 100  # workers for one unit, wherever they end

DIED, STALLED = "worker_died", "worker_stalled"
_SAID = {
    Doing.WAITING: "before it began",
    Doing.PAGE: "at one page of",
    Doing.PLACE: "reading one place of",
    Doing.READING: "reading",
    Doing.OPENING: "opening the stages",
    Doing.REREADING: "reading back",
    Doing.WRITING: "writing",
    Doing.DECIDING: "deciding",
    Doing.FINISHING: "finishing the unit",
}


class PoolError(Exception):
    """A unit could not be finished; the message names it and why."""


@dataclass
class Blame:
    """What ended the workers of one unit.

    name      "unit" and its name, for people; or the name of a call
    left_out  the places that the next worker must leave out, and why; each becomes a failed row

    A place is blamed when two workers ended at it and none came further in between. Workers come to the places of a
    unit in the same order, so that one who came further has shown the places before to be harmless.
    """

    name: str
    left_out: dict[Place, str] = field(default_factory=dict)
    _suspects: dict[Place, tuple[int, At]] = field(default_factory=dict)
    _ends: int = 0

    def ended(self, at: At, reason: str, how: str) -> None:
        """A worker ended: where it was, worker_died or worker_stalled, and how, for people.

        Raises PoolError where it is no use to try again.
        """
        self._ends += 1
        place = at.place
        self._suspects = {
            one: (times, seen)
            for one, (times, seen) in self._suspects.items()
            if one == place or one in self.left_out or seen.steps > at.steps
        }
        times, seen = self._suspects.get(place, (0, at))
        times += 1
        self._suspects[place] = times, seen
        if self._ends >= MOST:
            raise PoolError(f"{self.name}: {MOST} workers ended at it, at different places; the last {how}")
        if place.doing is Doing.PLACE and place in self.left_out:
            # Looking for the next place ends workers too. What is left of the piece is one row.
            del self.left_out[place], self._suspects[place]
            self.left_out[seen.rest] = reason
        elif place.doing.in_input and place not in self.left_out:
            if times >= TWICE:
                self.left_out[place] = reason
        elif times >= ATTEMPTS:
            what = _SAID[place.doing]
            if place.source not in self.name:
                what += f" {place.source}"
            stalled = "stalled" if reason == STALLED else "ended"
            raise PoolError(f"{self.name}: {ATTEMPTS} workers {stalled} {what}; the last {how}")
