"""The name under which the memory guide imports ``core.async_readback``."""

from .core.async_readback import AsyncReadbackConfig, AsyncRenderer

__all__ = ["AsyncReadbackConfig", "AsyncRenderer"]
