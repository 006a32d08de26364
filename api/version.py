"""The product's version, from the installed package."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    try:
        return version("guanxi")
    except PackageNotFoundError:
        return "0+uninstalled"
