"""scikit-learn's rules for an estimator's parameters: the constructor stores, fit learns, learnt names end in `_`.

Not here: learning. scikit-learn itself is imported only when it asks for tags.
"""

from __future__ import annotations

import inspect
from typing import Any, Self

from recurra.errors import UsageError


class Params:
    """get_params, set_params and a telling repr, drawn from the constructor's signature; so `sklearn.clone` works."""

    estimator_type = "regressor"

    @classmethod
    def parameter_names(cls) -> list[str]:
        """The constructor's arguments in their order."""
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters as they were given."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; raises UsageError for a name the constructor does not have."""
        for name, value in params.items():
            if name not in self.parameter_names():
                allowed = ", ".join(self.parameter_names())
                raise UsageError(f"{type(self).__name__} has no parameter {name!r}", allowed=allowed)
            setattr(self, name, value)
        return self

    def changed_params(self) -> dict[str, Any]:
        """Return the parameters that differ from their defaults."""
        defaults = inspect.signature(type(self).__init__).parameters
        return {name: value for name, value in self.get_params().items() if value is not defaults[name].default}

    def __repr__(self) -> str:
        """Show the parameters that differ from their defaults."""
        told = [f"{name}={value!r}" for name, value in self.changed_params().items()]
        return f"{type(self).__name__}({', '.join(told)})"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is (scikit-learn 1.6 and later)."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        classifier = self.estimator_type == "classifier"
        return Tags(
            estimator_type=self.estimator_type,
            target_tags=TargetTags(required=classifier),
            classifier_tags=ClassifierTags() if classifier else None,
            regressor_tags=None if classifier else RegressorTags(),
            input_tags=InputTags(string=True, two_d_array=False, one_d_array=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether fit has run."""
        return hasattr(self, "model_")


class NotFittedError(UsageError, ValueError, AttributeError):
    """A learnt thing was asked for before fit; a ValueError and an AttributeError too, as scikit-learn's own is."""


def require_fitted(estimator: object) -> None:
    """Raise NotFittedError where a learnt thing is asked for before fit."""
    if not hasattr(estimator, "model_"):
        raise NotFittedError(
            f"this {type(estimator).__name__} is not fitted", advice="call fit first, or load an artefact"
        )
