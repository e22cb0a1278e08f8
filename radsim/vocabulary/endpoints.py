"""Endpoints, what is reported of them, and how it is spoken of.

An endpoint, an estimator and an estimate are values: what a number of a result is of is asked of
them, and never of how its name is spelled.
"""

from dataclasses import dataclass, replace
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Something that happens to a patient once and may end again, and how it is spoken of.

    Examples
    --------
    >>> ulcer = Endpoint(event="ulcer", words="ulcer of the esophagus", short="ulcer")
    >>> str(Estimate(ulcer, INCIDENCE)), Estimate(ulcer, INCIDENCE).good
    ('ulcer_cumulative_incidence', False)
    """

    event: str  # its name; its luck is looked up at ``outcome/<event>``
    words: str  # in a sentence
    short: str  # on an axis
    freedom: str = ""  # being free of it, where net estimates are of that: ``local_control``
    freedom_words: str = ""  # the same in a sentence
    good: bool = False  # a response is good, a failure or a complication is not
    organ: str = ""  # that is harmed, whichever structure is read; who lacks it has no risk
    always_by_model: bool = False  # results have a dimension of models even where there is but one
    ends: bool = False  # a state that can be lost again, such as relief
    among: str = ""  # cohort variable above 0 in those whom it concerns; everyone unless given
    part_of: str = (
        ""  # endpoint whose luck decides this one, so that it comes to some of its people
    )

    @property
    def luck(self) -> str:
        """Whose luck decides it: its own, or that of what it is a part of."""
        return f"outcome/{self.part_of or self.event}"

    @property
    def of_whom(self) -> str:
        """Of whom its numbers are, in words; empty for everyone.

        Examples
        --------
        >>> Endpoint(event="relief", words="relief", short="relief", among="in_pain").of_whom
        'of patients in pain'
        """
        return f"of patients {self.among.replace('_', ' ')}" if self.among else ""

    @property
    def reported(self) -> str:
        """What net estimates are of: the event, or being free of it."""
        return self.freedom or self.event

    @property
    def model_dim(self) -> str:
        """Dimension of its models in a result."""
        return "control_model" if self.freedom else f"{self.event}_model"


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Something that is read off several events of the same patient, or off death alone."""

    reported: str  # its name
    words: str  # in a sentence
    short: str  # on an axis
    state: str = ""  # the words of a patient who is alive
    free_of: tuple[str, ...] = ()  # events of which the patient is free; none for being alive


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """How a number is estimated."""

    name: str  # as tables name it
    says: str  # what it is of, with a place for the endpoint's words
    counted: bool = False  # of drawn events, so that its honest interval is that of a share


class Contrast(Enum):
    """What of an estimate is meant: its value, its difference from the reference, who is best."""

    VALUE = ""
    DIFFERENCE = "_difference"
    BEST = "_best"


NET = Estimator(name="net", says="probability of {}, death ignored")
INCIDENCE = Estimator(
    name="cumulative_incidence", says="cumulative incidence of {}, death competing", counted=True
)
PREVALENCE = Estimator(name="prevalence", says="share alive and in {}", counted=True)
ALIVE = Estimator(name="alive", says="probability to be alive{}")

LOCAL_FAILURE = Endpoint(
    event="local_failure",
    words="local failure",
    short="local failure",
    freedom="local_control",
    freedom_words="local control",
    always_by_model=True,
)
VCF = Endpoint(event="vcf", words="vertebral compression fracture", short="VCF")
MYELOPATHY = Endpoint(
    event="myelopathy",
    words="radiation myelopathy",
    short="myelopathy",
    organ="spinal_cord",
    always_by_model=True,
)
SURVIVAL = Joint(reported="survival", words="", short="alive")
CONTROL_WITHOUT_COMPLICATION = Joint(
    reported="complication_free_control",
    words="control without complication",
    short="control without complication",
    state="controlled, without complication",
    free_of=("local_failure", "vcf", "myelopathy"),
)
SHIPPED = (LOCAL_FAILURE, VCF, MYELOPATHY)  # in the order in which their luck is looked up
DEATH = "death"


@dataclass(frozen=True)
class Estimate:
    """What one number of a result is of.

    Examples
    --------
    >>> net = Estimate(LOCAL_FAILURE, NET)
    >>> str(net), net.good, net.meaning
    ('local_control_net', True, 'probability of local control, death ignored')
    >>> str(net.difference)
    'local_control_net_difference'
    """

    of: Endpoint | Joint
    estimator: Estimator
    contrast: Contrast = Contrast.VALUE

    def __str__(self) -> str:
        return f"{self.endpoint}_{self.estimator.name}{self.contrast.value}"

    @property
    def endpoint(self) -> str:
        """The endpoint as tables name it."""
        if isinstance(self.of, Endpoint) and self.estimator is not NET:
            return self.of.event
        return self.of.reported

    @property
    def _of_freedom(self) -> str:
        """Being free of the event, in words, if the number is of that."""
        if isinstance(self.of, Joint) or self.estimator is not NET or not self.of.freedom:
            return ""
        return self.of.freedom_words

    @property
    def good(self) -> bool:
        """Say whether more of it is better."""
        return isinstance(self.of, Joint) or self.of.good != bool(self._of_freedom)

    @property
    def words(self) -> str:
        """What the number is of, in a sentence."""
        return self._of_freedom or self.of.words

    @property
    def short(self) -> str:
        """What the number is of, in few words."""
        return self._of_freedom or self.of.short

    @property
    def label(self) -> str:
        """What the number is, in few words.

        Examples
        --------
        >>> Estimate(VCF, INCIDENCE).label, Estimate(SURVIVAL, ALIVE).label
        ('VCF, cumulative incidence', 'alive')
        """
        if isinstance(self.of, Joint) and not self.of.free_of:
            return self.short
        whom = f" {self.of_whom}" if self.of_whom else ""
        return f"{self.short}{whom}, {self.estimator.name.replace('_', ' ')}"

    @property
    def of_whom(self) -> str:
        """Of whom the number is, in words; empty for everyone."""
        return self.of.of_whom if isinstance(self.of, Endpoint) else ""

    @property
    def meaning(self) -> str:
        """The sentence that says what the number is."""
        if isinstance(self.of, Joint) and self.estimator is ALIVE:
            return ALIVE.says.format(f", {self.of.state}" if self.of.state else "")
        says = self.estimator.says.format(self.words)
        return f"{says}, {self.of_whom}" if self.of_whom else says

    @property
    def itself(self) -> "Estimate":
        """Its value, whichever contrast this is."""
        return replace(self, contrast=Contrast.VALUE)

    @property
    def is_difference(self) -> bool:
        """Say whether it is the difference from the reference arm."""
        return self.contrast is Contrast.DIFFERENCE

    @property
    def difference(self) -> "Estimate":
        """Its difference from the reference arm."""
        return replace(self, contrast=Contrast.DIFFERENCE)

    @property
    def best(self) -> "Estimate":
        """The share of patients for whom an arm is best."""
        return replace(self, contrast=Contrast.BEST)
