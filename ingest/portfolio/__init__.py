"""The portfolio generator: lifelike made-up customers with planted fraud, in the files that ingest reads, and the truth beside them."""

from ingest.portfolio.generate import GENERATOR_VERSION, PortfolioSummary, generate

__all__ = ["GENERATOR_VERSION", "PortfolioSummary", "generate"]
