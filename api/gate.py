"""The gate of an installation: its policy, and the part of its secret by which chance is drawn."""

from api.secrets import derived, server_secret
from api.settings import Settings
from graph_model.services.gate_policy import DEFAULT_POLICY, Gate, load_gate_policy

OWN_POLICY = "gate.toml"  # in the home folder, in place of the one that comes with Guanxi


def gate_of(settings: Settings) -> Gate:
    """Raises InvalidRequest gate.policy, or HomeUnusable."""
    own = settings.home / OWN_POLICY
    secret = server_secret(settings.home, settings.secret.get_secret_value())
    return Gate(load_gate_policy(own if own.exists() else DEFAULT_POLICY), derived(secret, "withheld by the gate"))
