"""Next purchase (下次购买): when somebody is likely to buy again, and how sure that is."""

from data_hub.prediction.keeping import Fitted, Predicted, Predictions
from data_hub.prediction.looking_back import BackTest, Horizon, back_test
from data_hub.prediction.model import HORIZONS, Model, Window, fit
from data_hub.prediction.rhythm import regular_gap

__all__ = [
    "HORIZONS",
    "BackTest",
    "Fitted",
    "Horizon",
    "Model",
    "Predicted",
    "Predictions",
    "Window",
    "back_test",
    "fit",
    "regular_gap",
]
