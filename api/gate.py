"""The gate of an installation: its policy, and the part of its secret by which chance is drawn."""

from api.secrets import derived, server_secret
from api.settings import Settings
from graph_model.services.gate_policy import DEFAULT_POLICY, Gate, GatePolicy, load_gate_policy

OWN_POLICY = "gate.toml"  # in the home folder, in place of the one that comes with Guanxi


def gate_of(settings: Settings) -> Gate:
    """Raises InvalidRequest gate.policy, or HomeUnusable."""
    secret = server_secret(settings.home, settings.secret.get_secret_value())
    return Gate(policy_of(settings), derived(secret, "withheld by the gate"))


def policy_of(settings: Settings) -> GatePolicy:
    """Raises InvalidRequest gate.policy."""
    own = settings.home / OWN_POLICY
    return load_gate_policy(own if own.exists() else DEFAULT_POLICY)
