"""Macro portraits (宏观画像): how tags go together, with each other and with what customers applied for, and nobody in particular readable from it."""
