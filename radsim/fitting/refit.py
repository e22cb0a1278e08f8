"""Fit a control model to the anchors of its preset again, under another law of cell kill."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from radsim.fitting.outcome_table import anchors_table
from radsim.fitting.scales import Scales
from radsim.presets import Anchor, load_preset
from radsim.tcp.control import ControlModel
from radsim.vocabulary.mistakes import require

SEARCHED = {"clonogen_density": 1e12}  # factor up and down within which a parameter is looked for
SEARCHED_OTHERWISE = 20.0
FLAT = 0.05  # rise of control over the anchors below which a curve counts as flat


@dataclass(frozen=True, kw_only=True)
class Refit:
    """A refitted model and how far it misses each anchor."""

    model: ControlModel
    residuals: np.ndarray  # fitted minus published probability, one for each anchor

    @property
    def root_mean_square(self) -> float:
        """Root mean square of the residuals."""
        return float(np.sqrt(np.mean(self.residuals**2)))


def search_factor(name: str) -> float:
    """Factor up and down within which a refit looks for a parameter."""
    return SEARCHED.get(name, SEARCHED_OTHERWISE)


def parameters_at_edge(model: ControlModel) -> list[str]:
    """Name the parameters that a refit pushed as far from their preset as it looks for them."""
    start = load_preset("tcp", model.preset).settings()
    names = []
    for name in (*model.shape, "alpha_beta"):
        before, now = start.get(name), getattr(model, name)
        numbers = all(isinstance(value, (int, float)) and value > 0 for value in (before, now))
        if numbers and abs(np.log(now / before)) > 0.999 * np.log(search_factor(name)):
            names.append(name)
    return names


def anchor_residuals(model: ControlModel, anchors: Sequence[Anchor]) -> np.ndarray:
    """Fitted minus published control of each anchor, at its prescribed dose.

    Examples
    --------
    >>> from radsim.tcp import load_tcp
    >>> hytec = load_tcp("hytec-spine-2021")
    >>> residuals = anchor_residuals(hytec, load_preset("tcp", "hytec-spine-2021").anchors)
    >>> round(float(abs(residuals).max()), 3)
    0.017
    """
    table = anchors_table(anchors)
    return model.net_probability(table.dose, fractions=table.fractions) - table.probability


def refit_to_anchors(model: ControlModel, anchors: Sequence[Anchor] | None = None) -> Refit:
    """Fit a model's curve to its preset's anchors by least squares, under its own cell kill.

    Alpha/beta is held unless the model asks for it with ``refit_alpha_beta``. Each parameter is
    looked for within a factor of 20 around its start (of clonogens 1e12); where one ends there,
    which `parameters_at_edge` says, the curve is no more than the flattest that was allowed.

    The anchors are those of the model's preset unless given.

    Raises
    ------
    ValueError
        If there are too few anchors, or the curve that fits them best does not rise with dose.

    Examples
    --------
    >>> from radsim.tcp import load_tcp
    >>> same = refit_to_anchors(load_tcp("hytec-spine-2021", refit=True))
    >>> round(same.root_mean_square, 4)
    0.0076
    """
    if anchors is None:
        require(bool(model.preset), "refit needs a preset with anchors")
        anchors = load_preset("tcp", model.preset).anchors
    names = (*model.shape, "alpha_beta") if model.refit_alpha_beta else model.shape
    require(
        len(anchors) >= len(names),
        f"refit needs at least {len(names)} anchors, and the preset "
        f"{model.preset!r} has {len(anchors)}",
    )
    scales = Scales(model, names)

    def missed_by(x: np.ndarray) -> np.ndarray:
        return anchor_residuals(scales.model_at(x), anchors)

    x0, positive = scales.start, scales.positive
    reach = np.log([search_factor(name) for name in names])
    reach = np.where(positive, reach, np.maximum(20.0 * np.abs(x0), 20.0))
    starts = (x0 + shift * positive for shift in (0.0, -0.5, 0.5))
    bounds = (x0 - reach, x0 + reach)
    tried = [least_squares(missed_by, start, bounds=bounds) for start in starts]
    best = min(tried, key=lambda solution: solution.cost)
    refitted = scales.model_at(best.x)
    residuals = anchor_residuals(refitted, anchors)
    table = anchors_table(anchors)
    fitted = residuals + table.probability
    require(
        float(fitted.max() - fitted.min()) > FLAT,
        f"refit: under {model.cell_kill.kind} the curve that fits the anchors best hardly rises "
        "with dose, so they do not determine it; give parameters of your own",
    )
    eqd2 = refitted.effect_of(table.dose, fractions=table.fractions)
    refitted = replace(
        refitted,
        fitted_under=model.cell_kill.kind,
        refit=False,
        refit_alpha_beta=False,
        valid_eqd2=(float(eqd2.min()), float(eqd2.max())),
        valid_eqd2_alpha_beta=refitted.alpha_beta,  # type: ignore[arg-type]
    )
    return Refit(model=refitted, residuals=residuals)
