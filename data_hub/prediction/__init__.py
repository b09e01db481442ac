"""Next purchase (下次购买): when somebody is likely to buy again, and how sure that is."""

from data_hub.prediction.keeping import Fitted, Predicted, Predictions
from data_hub.prediction.model import BackTest, Model, Window, back_test, fit, regular_gap

__all__ = [
    "BackTest",
    "Fitted",
    "Model",
    "Predicted",
    "Predictions",
    "Window",
    "back_test",
    "fit",
    "regular_gap",
]
