"""What the checks are called that a dose lies in the range that a model was fitted on."""

from dataclasses import dataclass

from radsim.experiment.endpoints import Modelled, Reported, endpoints_of
from radsim.experiment.model import Experiment

SIDES = ("below", "above")


@dataclass(frozen=True)
class RangeCheck:
    """A side of the range that a model of an endpoint was fitted on."""

    modelled: Modelled
    reported: Reported
    side: str

    @property
    def model(self) -> str:
        """The endpoint in few words, with the model's name where it may have several."""
        endpoint = self.modelled.endpoint
        spoken = endpoint.freedom_words or endpoint.short
        return spoken if self._is_only_control else f"{spoken} {self._name}"

    @property
    def name(self) -> str:
        """Name of the check."""
        endpoint = self.modelled.endpoint
        model = "" if self._is_only_control else f"_{self._name}"
        return f"{endpoint.reported}{model}_{self.side}_range"

    @property
    def _is_only_control(self) -> bool:
        return bool(self.modelled.endpoint.freedom) and self.reported is self.modelled.models[0]

    @property
    def _name(self) -> str:
        model = self.reported.model
        return getattr(model, "label", "") or model.preset or model.kind


def range_checks(experiment: Experiment) -> dict[str, RangeCheck]:
    """Checks of the range of every model that is reported, by name."""
    checks = (
        RangeCheck(modelled, reported, side)
        for modelled in endpoints_of(experiment)
        for reported in modelled.models
        if not reported.ratio_alone  # the file's own once more
        for side in SIDES
    )
    return {check.name: check for check in checks}
