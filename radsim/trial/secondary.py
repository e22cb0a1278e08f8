"""A key secondary hypothesis of a trial, as [trial.secondary.NAME] states it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from radsim.trial.conduct.analyses import AGAINST_MARGIN, EVERY_ANALYSIS, Settings, check_analyses
from radsim.trial.conduct.hypotheses import OF_PAIRS, OWN, Hypothesis
from radsim.trial.conduct.others import OtherEndpoint
from radsim.trial.margins import check_margin, worst_effect
from radsim.trial.protocol.arms import ROLES, StatedArm
from radsim.trial.protocol.procedure import ALL, ANY, PRIMARY
from radsim.vocabulary.endpoints import DEATH
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, Truth
from radsim.vocabulary.words import listed

RESERVED = (PRIMARY, ALL, ANY)
TOLD = ("landmark", "landmarks", "horizon", "weights")  # of the trial's settings
WEIGHTED = "logrank_weighted"
OF_TIMES, OF_SHARES, OF_WINS = "logrank", "pearson", "win_ratio"  # analyses unless given


@dataclass(frozen=True, kw_only=True)
class Secondary:
    """That the experimental arm is better in another thing, or not worse by a margin.

    Attributes
    ----------
    endpoint
        ``primary`` for the trial's own, ``death``, an endpoint of the experiment, or another
        secondary whose arms state it; the one of this name unless given.
    event
        What it is called in figures and text.
    control, experimental
        For arms that are stated: what they do to their patients in this, a law of its time or a
        ``proportion``; death is the trial's arms'.
    correlation
        Of how soon it comes with how soon the trial's own event does, on the normal scale.
    higher_is_better
        For arms that are stated: whether it is good to have it; a time unless said is of a harm.
    analysis
        By the names of the trial's; its primary one, or ``pearson`` of a proportion, unless given.
        ``win_ratio`` and ``net_benefit`` compare pairs of patients by ``wins``.
    wins
        Endpoints that pairs are compared by, the most important first.
    margin
        Not worse by so much or more; without it, better.
    landmark, landmarks, horizon
        The trial's unless given [months].
    weights
        Of ``logrank_weighted``; the trial's unless given.
    """

    endpoint: str = ""
    event: str = ""
    control: StatedArm | None = None
    experimental: StatedArm | None = None
    correlation: Real | None = None
    higher_is_better: Truth | None = None
    analysis: str = ""
    wins: tuple[str, ...] = ()
    margin: Real | None = None
    landmark: Real | None = None
    landmarks: tuple[Real, ...] | None = None
    horizon: Real | None = None
    weights: tuple[Real, Real] | None = None

    def __post_init__(self) -> None:
        given = [role for role in ROLES if getattr(self, role) is not None]
        require(
            len(given) != 1,
            f"{' and '.join(r for r in ROLES if r not in given)} is missing: one arm alone states "
            "this endpoint, and there is nothing to compare",
        )
        for role in given:
            arm = getattr(self, role)
            for key in filter(None, (arm.stated_death, "label" if arm.label else "")):
                require(False, f"{role}.{key}: has no effect here: it is said in the trial's arms")
            require(
                (arm.proportion is not None) != arm.has_times,
                f"{role}: give a proportion, or failure_hazard, control or failure_pieces",
            )
        if self.control is not None and self.experimental is not None:
            require(
                self.control.has_times == self.experimental.has_times,
                "the arms have no common endpoint: one states a proportion and the other a time",
            )
        require(not (given and self.endpoint), "endpoint: has no effect where the arms state it")
        require(
            bool(given) or self.correlation is None,
            "correlation: has no effect here: no arms state this endpoint",
        )
        rho = self.correlation
        require(
            rho is None or -1.0 < rho < 1.0, f"correlation must lie between -1 and 1, got {rho}"
        )
        require(
            bool(given) or self.higher_is_better is None,
            "higher_is_better: has no effect here: whether this is good is known",
        )
        require(
            not self.wins or not (given or self.endpoint),
            "wins: name the endpoints, each of which another table states",
        )
        pairs = self.analysis in OF_PAIRS
        require(
            bool(self.wins) or not pairs, f"wins: is missing, by which {self.analysis} compares"
        )
        require(
            not self.wins or pairs or not self.analysis,
            f"analysis: {self.analysis} is not one of pairs; take one of {', '.join(OF_PAIRS)}",
        )
        require(self.margin is None or not self.wins, "margin: has no effect on pairs of patients")

    @property
    def is_stated(self) -> bool:
        """Whether its arms state it."""
        return self.control is not None

    @property
    def other(self) -> OtherEndpoint:
        """What its arms do."""
        assert self.control is not None
        assert self.experimental is not None
        return OtherEndpoint(
            control=self.control,
            experimental=self.experimental,
            correlation=float(self.correlation or 0.0),
        )

    def hypothesis(
        self,
        name: str,
        *,
        place: Callable[[str], str],
        is_binary: Callable[[str], bool],
        primary: str,
        settings: Settings,
        good: bool | None,
    ) -> Hypothesis:
        """Make the hypothesis of a name.

        Parameters
        ----------
        place
            Turns the name of an endpoint into what the trial knows it by.
        is_binary
            Whether an endpoint is a proportion.
        primary
            The trial's analysis, without a margin.
        settings
            The trial's.
        good
            Whether more of the trial's own endpoint is good.

        Raises
        ------
        ValueError
            If there is no such endpoint, or the analysis or the margin does not fit it.
        """
        told = {key: getattr(self, key) for key in TOLD if getattr(self, key) is not None}
        if self.wins:
            require(not told, f"{listed(list(told))}: has no effect on pairs of patients")
            twice = len(set(self.wins)) < len(self.wins)
            require(not twice, f"wins: names an endpoint twice, got {list(self.wins)}")
            try:
                wins = tuple(place(each) for each in self.wins)
            except ValueError as error:
                raise ValueError(f"wins: {error}") from None
            return Hypothesis(analysis=self.analysis or OF_WINS, wins=wins)
        try:
            endpoint = name if self.is_stated else place(self.endpoint or name)
        except ValueError as error:
            raise ValueError(f"endpoint: {error}") from None
        binary = is_binary(endpoint)
        known = primary in EVERY_ANALYSIS
        usual = primary if known != binary else (OF_SHARES if binary else OF_TIMES)
        analysis = self.analysis or usual
        require(
            analysis not in AGAINST_MARGIN.values(),
            f"analysis: {analysis}: name the analysis, and give a margin",
        )
        if self.analysis:
            _check_analysis(analysis, binary=binary)
        reads = EVERY_ANALYSIS[analysis].reads if analysis in EVERY_ANALYSIS else ""
        for key in told:
            acts = analysis == WEIGHTED if key == "weights" else key == reads
            require(acts, f"{key}: has no effect on {analysis}")
        settings = replace(settings, worst=None, **told)
        require(
            reads != "landmarks" or bool(settings.landmarks),
            f"landmarks: say at which months {analysis} compares",
        )
        good = good if endpoint == OWN else self.higher_is_better
        require(
            not binary or good is not None,
            "higher_is_better: is missing; say whether more of it is good",
        )
        if self.margin is None:
            return Hypothesis(endpoint=endpoint, analysis=analysis, settings=settings)
        margin, horizon = float(self.margin), float(settings.horizon)
        check_margin(margin, analysis, binary=binary, higher_is_better=good, horizon=horizon)
        worst = worst_effect(margin, analysis, good=good)
        return Hypothesis(
            endpoint=endpoint,
            analysis=AGAINST_MARGIN[analysis],
            settings=replace(settings, worst=worst),
        )


def check_name(name: str, secondary: Secondary) -> None:
    """Raise ValueError for a name that means something else."""
    reserved = (*RESERVED, DEATH) if secondary.is_stated else RESERVED
    require(
        name not in reserved, f"secondary.{name}: the name has a meaning of its own; use another"
    )


def _check_analysis(name: str, *, binary: bool) -> None:
    try:
        check_analyses((name,), binary=binary)
    except ValueError as error:
        raise ValueError(str(error).replace("analyses:", "analysis:")) from None
