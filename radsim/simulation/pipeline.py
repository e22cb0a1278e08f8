"""Many variants on the same patients: what two variants have in common is computed once.

Variants that differ only in models share the cohort and the doses, variants that differ only in a
plan share the cohort and the other arms, and a model that does not change is not asked again. The
random numbers are the same for all, so nothing of this changes a number.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np

from radsim.dose.dose import Dose
from radsim.dose.drawing import draw_dose
from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Arm, Experiment
from radsim.patients.eligibility import draw_eligible
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.simulation.steps import EVENTS, control_risks, range_flags, structures_needed
from radsim.sums.best import best_shares
from radsim.sums.moments import BlockSums, Moments
from radsim.sums.paired import RowSums, counts_of, stacked, sums_of

KEPT = 128 * 2**20  # bytes of doses that are kept for variants to come
NAMES = {"local_failure": "local_control", "vcf": "vcf", "myelopathy": "myelopathy"}


def reduce_variants(
    variants: Sequence[Experiment], patients: range, source: UniformSource
) -> BlockSums:
    """Simulate some patients under every variant, and reduce them to sums.

    Returns
    -------
    BlockSums
        As of `radsim.simulation.kept.reduce_patients`, with the variants on the first axis; without
        curves and histograms, but with ``_half`` sums over the first half of the patients.
    """
    shared = _Shared(patients, source)
    rows: dict[str, dict[int, tuple[np.ndarray, np.ndarray]]] = {}
    halves: dict[str, list[np.ndarray]] = {}
    for index, variant in enumerate(variants):
        for name, mean, deviations, half in shared.reduce(variant):
            rows.setdefault(name, {})[index] = mean, deviations
            if half is not None:
                halves.setdefault(f"{name}_half", []).append(half)
    counts = {name: np.stack(values) for name, values in halves.items()}
    counts["half_patients"] = np.full(len(variants), len(patients) // 2)
    return BlockSums(
        {
            name: _stack_variants(found, len(variants), len(patients))
            for name, found in rows.items()
        },
        counts,
    )


def _stack_variants(
    found: dict[int, tuple[np.ndarray, np.ndarray]], variants: int, patients: int
) -> Moments:
    """Put variants side by side; what one of them does not have is missing (NaN)."""
    shape = next(iter(found.values()))[0].shape
    both = np.full((2, variants, *shape), np.nan)
    for index, pair in found.items():
        both[:, index] = pair
    return Moments(patients, both[0], both[1])


class _Shared:
    """What variants have in common for one run of patients; remembers what was computed last."""

    def __init__(self, patients: range, source: UniformSource) -> None:
        self.patients = patients
        self.source = source
        self.luck = {event: source.uniforms(f"outcome/{event}", patients) for event in EVENTS}
        self.last: dict[Hashable, tuple[Hashable, Any]] = {}
        self.doses: OrderedDict[Hashable, Dose] = OrderedDict()
        self.tokens: dict[int, tuple[Any, Hashable]] = {}

    def once(self, what: Hashable, key: Hashable, step: Callable[[], Any]) -> Any:
        """Compute something unless its last key was the same."""
        known = self.last.get(what)
        if known is None or known[0] != key:
            known = self.last[what] = key, step()
        return known[1]

    def token(self, value: Any) -> Hashable:
        """Something that is equal for equal values, and quick to compare."""
        known = self.tokens.get(id(value))
        if known is None or known[0] is not value:
            if len(self.tokens) > 4096:
                self.tokens.clear()
            known = self.tokens[id(value)] = value, repr(value)
        return known[1]

    def reduce(self, variant: Experiment) -> list[tuple]:
        """Rows of one variant: name, mean, squared deviations, sum over the first half."""
        cohort_key = (self.token(variant.cohort), self.token(variant.eligibility))
        cohort, screened = self.once("cohort", cohort_key, lambda: self._draw_patients(variant))
        doses = [self._dose(variant, arm, cohort, cohort_key) for arm in variant.arms.values()]
        return _Outcomes(self, variant, cohort, cohort_key, doses, screened).rows()

    def _draw_patients(self, variant: Experiment) -> tuple[Patients, dict[str, np.ndarray]]:
        return draw_eligible(variant.cohort, variant.eligibility, self.patients, self.source)

    def _dose(
        self, variant: Experiment, arm: Arm, cohort: Patients, cohort_key: Hashable
    ) -> tuple[Hashable, Dose]:
        structures = structures_needed(variant, arm)
        key = (cohort_key, self.token(variant.dose), self.token(arm.plan), structures)
        dose = self.doses.get(key)
        if dose is None:
            dose = draw_dose(arm.plan, variant.dose, cohort, self.source, structures)
            self.doses[key] = dose
            while len(self.doses) > 1 and sum(d.nbytes for d in self.doses.values()) > KEPT:
                self.doses.popitem(last=False)
        self.doses.move_to_end(key)
        return key, dose


class _Outcomes:
    """The outcomes of one variant."""

    def __init__(
        self,
        shared: _Shared,
        variant: Experiment,
        cohort: Patients,
        cohort_key: Hashable,
        doses: list[tuple[Hashable, Dose]],
        screened: dict[str, np.ndarray],
    ) -> None:
        self.shared = shared
        self.screened = screened
        self.variant = variant
        self.cohort = cohort
        self.cohort_key = cohort_key
        self.doses = doses
        self.arms = list(variant.arms.values())
        self.reference = list(variant.arms).index(variant.reference)
        self.months = variant.months

    def rows(self) -> list[tuple]:
        """Every row that is kept, with a key so that an equal one is not computed again."""
        found: list[tuple] = []
        risks = self._risks()
        deaths, death_key = self._deaths()
        for event, (key, models) in risks.items():
            net = self.shared.once(event, key, partial(self._net, event, models))
            self._add(found, f"{NAMES[event]}_net", net)
            if deaths is not None:
                self._add(
                    found,
                    f"{event}_cumulative_incidence",
                    self.shared.once(
                        (event, "time"),
                        (key, death_key),
                        partial(self._incidence, event, models, deaths),
                    ),
                )
        alive, alive_key = self._alive()
        if alive is not None:
            self._add(found, "survival_alive", sums_of(alive, self.reference))
        if len(risks) == 3:
            keys = tuple(key for key, _ in risks.values())
            free, free_sums = self.shared.once("free", keys, lambda: self._free(risks))
            self._add(found, "complication_free_control_net", free_sums)
            if alive is not None:
                self._add(
                    found,
                    "complication_free_control_alive",
                    self.shared.once(
                        "free and alive",
                        (keys, alive_key),
                        lambda: self._both(free_sums, free, alive),
                    ),
                )
        found.extend(self._best(risks))
        found.extend(self._checks())
        return found

    def _add(self, found: list[tuple], name: str, sums: RowSums) -> None:
        found.append((name, sums.mean, sums.deviations, sums.half))
        found.append((f"{name}_difference", *sums.difference(self.reference), None))

    def _risks(self) -> dict[str, tuple[Hashable, list[list[Risk]]]]:
        """By event: a key, and the risks of each arm, one for each model that is reported."""
        variant, token = self.variant, self.shared.token
        dose_keys = tuple(key for key, _ in self.doses)
        found: dict[str, tuple[Hashable, list[list[Risk]]]] = {}

        def control(arm: Arm, dose: Dose) -> list[Risk]:
            return control_risks(variant, arm, self.cohort, dose)

        if variant.tcp is not None:
            models = (variant.tcp, *variant.tcp_alternatives)
            priors = tuple(arm.has_prior for arm in self.arms)
            key: Hashable = (dose_keys, tuple(token(model) for model in models), priors)
            found["local_failure"] = key, self._of_arms("control", key, control)
        vcf = variant.ntcp.vcf
        if vcf is not None:
            key = (dose_keys, token(vcf))
            found["vcf"] = key, self._of_arms("vcf", key, lambda _, d: [vcf.risk(self.cohort, d)])
        cords = variant.myelopathy_models
        if cords:
            key = (dose_keys, tuple(token(model) for model in cords))
            found["myelopathy"] = (
                key,
                self._of_arms(
                    "myelopathy", key, lambda _, d: [model.risk(self.cohort, d) for model in cords]
                ),
            )
        return found

    def _of_arms(
        self, what: str, key: Hashable, step: Callable[[Arm, Dose], list[Risk]]
    ) -> list[list[Risk]]:
        return self.shared.once(
            ("risk", what),
            key,
            lambda: [step(arm, d) for arm, (_, d) in zip(self.arms, self.doses, strict=True)],
        )

    def _net(self, event: str, models: list[list[Risk]]) -> RowSums:
        """Sums of net probabilities; models on the second axis where there may be several."""
        free = event == "local_failure"
        sums = [
            _net_sums([arm[i] for arm in models], self.months, free, self.reference)
            for i in range(len(models[0]))
        ]
        return sums[0] if event == "vcf" else stacked(sums, axis=1)

    def _deaths(self) -> tuple[list[np.ndarray] | None, Hashable]:
        laws = [arm.survival or self.variant.survival for arm in self.arms]
        if any(law is None for law in laws):
            return None, ()
        key = (self.cohort_key, tuple(self.shared.token(law) for law in laws))
        u = self.shared.luck["death"]
        return (
            self.shared.once(
                "death", key, lambda: [law.time(u, self.cohort) for law in laws if law is not None]
            ),
            key,
        )

    def _incidence(self, event: str, models: list[list[Risk]], deaths: list[np.ndarray]) -> RowSums:
        u = self.shared.luck[event]
        times = np.stack([np.stack([risk.time(u) for risk in arm]) for arm in models])
        for arm, death in zip(times, deaths, strict=True):
            arm[~(arm < death)] = np.inf
        sums = counts_of(times, self.months, self.reference)
        if event == "vcf":
            return RowSums(
                sums.count, sums.mean[:, 0], sums.deviations[:, 0],
                sums.products[:, 0], sums.half[:, 0],
            )  # fmt: skip
        return sums

    def _alive(self) -> tuple[np.ndarray | None, Hashable]:
        """Probability to be alive, shape (arm, month, patient)."""
        laws = [arm.survival or self.variant.survival for arm in self.arms]
        if any(law is None for law in laws):
            return None, ()
        key = (self.cohort_key, tuple(self.shared.token(law) for law in laws))

        def compute() -> np.ndarray:
            everyone = np.ones(len(self.shared.patients))
            return np.stack(
                [
                    [law.alive(month, self.cohort) * everyone for month in self.months]
                    for law in laws
                    if law is not None
                ]
            )

        return self.shared.once("alive", key, compute), key

    def _free(
        self, risks: dict[str, tuple[Hashable, list[list[Risk]]]]
    ) -> tuple[np.ndarray, RowSums]:
        rows = np.stack(
            [
                [
                    np.prod([models[arm][0].free(month) for _, models in risks.values()], axis=0)
                    for month in self.months
                ]
                for arm in range(len(self.arms))
            ]
        )
        return rows, sums_of(rows, self.reference)

    def _both(self, sums: RowSums, free: np.ndarray, alive: np.ndarray) -> RowSums:
        if (alive == alive[..., :1]).all():  # everybody has the same chance to be alive
            return sums.scaled(alive[..., 0], self.reference)
        return sums_of(free * alive, self.reference)

    def _best(self, risks: dict[str, tuple[Hashable, list[list[Risk]]]]) -> list[tuple]:
        ranked = ranked_arms(self.variant)
        if len(ranked) < 2:
            return []
        found = []

        def shares(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            moments = Moments.of(best_shares(values))
            shape = (len(ranked), len(self.months))
            return np.broadcast_to(moments.mean, shape), np.broadcast_to(moments.deviations, shape)

        for event, (key, models) in risks.items():

            def of_event(models: list[list[Risk]] = models) -> tuple[np.ndarray, np.ndarray]:
                return shares(-_harm([models[arm][0] for arm in ranked], self.months))

            best = self.shared.once((event, "best"), (key, tuple(ranked)), of_event)
            found.append((f"{NAMES[event]}_net_best", *best, None))
        if len(risks) == 3:
            keys = tuple(key for key, _ in risks.values())
            free = self.shared.last["free"][1][0]
            best = self.shared.once(("free", "best"), keys, lambda: shares(free[ranked]))
            found.append(("complication_free_control_net_best", *best, None))
        return found

    def _checks(self) -> list[tuple]:
        """Shares of patients outside a model's range, or whose plan breaks a limit."""
        models = (self.variant.tcp, *self.variant.myelopathy_models)
        doses = tuple(key for key, _ in self.doses)
        key = (doses, tuple(self.shared.token(model) for model in models))
        ranges = self.shared.once(
            "ranges", key, lambda: _shares([*map(self._ranges, self._each())])
        )
        flags = self.shared.once("flags", doses, lambda: _shares([*map(self._flags, self._each())]))
        return [*ranges, *flags]

    def _each(self) -> list[Dose]:
        return [dose for _, dose in self.doses]

    def _ranges(self, dose: Dose) -> dict[str, np.ndarray]:
        return range_flags(self.variant, self.cohort, dose)

    def _flags(self, dose: Dose) -> dict[str, np.ndarray]:
        return {**dose.flags, **self.screened}


def _shares(arms: list[dict[str, np.ndarray]]) -> list[tuple]:
    """Share of patients by arm of each flag; missing where an arm does not have it."""
    found = []
    for name in dict.fromkeys(name for arm in arms for name in arm):
        missing = np.full(len(next(arm[name] for arm in arms if name in arm)), np.nan)
        rows = np.stack([arm.get(name, missing) for arm in arms]).astype(float)
        moments = Moments.of(rows)
        found.append((f"{name}_share", moments.mean, moments.deviations, None))
    return found


def _net_sums(risks: list[Risk], months: tuple[float, ...], free: bool, reference: int) -> RowSums:
    """Sums of the probabilities of one model in every arm, shape (arm, month)."""
    if not free and all(isinstance(risk, LifetimeRisk) for risk in risks):
        lifetime = sums_of(np.stack([risk.lifetime for risk in risks]), reference)  # type: ignore[union-attr]
        growth = np.array([[risk.onset.growth(month) for month in months] for risk in risks])
        wide = RowSums(
            lifetime.count,
            *(
                values[:, np.newaxis]
                for values in (
                    lifetime.mean, lifetime.deviations, lifetime.products, lifetime.half,
                )
            ),
        )  # fmt: skip
        return wide.scaled(growth, reference)
    rows = np.stack(
        [[risk.free(m) if free else risk.probability(m) for m in months] for risk in risks]
    )
    return sums_of(rows, reference)


def _harm(risks: list[Risk], months: tuple[float, ...]) -> np.ndarray:
    """Something that ranks arms as their net probabilities do, shape (arm, month, patient)."""
    if all(isinstance(r, HazardRisk) and r.onset == risks[0].onset for r in risks):
        rank = np.stack([r.hazard for r in risks])  # type: ignore[union-attr]
    elif all(isinstance(r, LifetimeRisk) and r.onset == risks[0].onset for r in risks):
        rank = np.stack([r.lifetime for r in risks])  # type: ignore[union-attr]
    else:
        return np.stack([[r.probability(m) for m in months] for r in risks])
    return rank[:, np.newaxis]  # the same at every time
