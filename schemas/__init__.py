"""Contracts (对外契约): how the outside may ask and is answered. Holds no rule of its own."""
