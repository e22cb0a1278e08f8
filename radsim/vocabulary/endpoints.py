"""Endpoints, what is reported of them, and how it is spoken of."""


def endpoint_of(name: str) -> tuple[str, str]:
    """Split the name of an estimate into endpoint and estimator.

    Examples
    --------
    >>> endpoint_of("local_failure_cumulative_incidence")
    ('local_failure', 'cumulative_incidence')
    """
    for estimator in ("net", "cumulative_incidence", "alive"):
        if name.endswith(f"_{estimator}"):
            return name.removesuffix(f"_{estimator}"), estimator
    raise ValueError(f"{name} is not an estimate")


def is_harm(name: str) -> bool:
    """Say whether less of an estimate is better."""
    return name in HARMS or name.endswith("_cumulative_incidence")


MODEL_DIMS = {  # estimates that are reported under several models
    "local_control_net": "control_model",
    "local_failure_cumulative_incidence": "control_model",
    "myelopathy_net": "myelopathy_model",
    "myelopathy_cumulative_incidence": "myelopathy_model",
}
MEANINGS = {
    "local_control_net": "probability of local control, death ignored",
    "local_failure_cumulative_incidence": "cumulative incidence of local failure, death competing",
    "vcf_net": "probability of vertebral compression fracture, death ignored",
    "vcf_cumulative_incidence": "cumulative incidence of fracture, death competing",
    "myelopathy_net": "probability of radiation myelopathy, death ignored",
    "myelopathy_cumulative_incidence": "cumulative incidence of myelopathy, death competing",
    "survival_alive": "probability to be alive",
    "complication_free_control_net": "probability of control without complication, death ignored",
    "complication_free_control_alive": "probability to be alive, controlled, without complication",
}


def estimate_dims(name: str) -> tuple[str, ...]:
    """Dimensions of an estimate, arms first and times last."""
    model = MODEL_DIMS.get(name)
    return ("arm", model, "months") if model else ("arm", "months")


BENEFITS = ("local_control_net", "complication_free_control_net")
HARMS = ("vcf_net", "myelopathy_net")
EVENTS = ("local_failure", "vcf", "myelopathy")

ESTIMATES = (  # the variables of a result, in the order in which they are reported
    "local_control_net",
    "local_failure_cumulative_incidence",
    "vcf_net",
    "vcf_cumulative_incidence",
    "myelopathy_net",
    "myelopathy_cumulative_incidence",
    "survival_alive",
    "complication_free_control_net",
    "complication_free_control_alive",
)
