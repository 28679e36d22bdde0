"""What the estimators share: scikit-learn's rules for parameters, settings, fitting, saving, and `recurra.load`.

Each is a dataclass, whose constructor stores the choices unchecked; fit learns, learnt names end in `_`. scikit-learn
itself is imported only when it asks for tags.

Not here: what each task learns (tasks/).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self

from recurra.arguments import held_out, seed_of
from recurra.artefact import resolve
from recurra.config import Settings
from recurra.errors import UsageError
from recurra.model import ModelOrigin, kept_history, load_any, model_of
from recurra.records import validated
from recurra.tasks.names import CALLED
from recurra.tasks.reads import check_read
from recurra.tasks.task import Asked, Figures, Prepared, Task, task_named
from recurra.training.progress import NOWHERE, Record, Watch


class Params:
    """get_params, set_params and a telling repr, drawn from the constructor's signature; so `sklearn.clone` works."""

    estimator_type = "regressor"

    @classmethod
    def parameter_names(cls) -> list[str]:
        """The constructor's arguments in their order."""
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    # `deep` is scikit-learn's argument for estimators inside estimators; there are none here.
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
        # By identity: `==` of an array, given for whatever reason, has no single answer.
        return {name: value for name, value in self.get_params().items() if value is not defaults[name].default}

    def __repr__(self) -> str:
        """Show the parameters that differ from their defaults."""
        told = [f"{name}={value!r}" for name, value in self.changed_params().items()]
        return f"{type(self).__name__}({', '.join(told)})"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is (scikit-learn 1.6 and later)."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags, TransformerTags

        classifier, regressor = (self.estimator_type == kind for kind in ("classifier", "regressor"))
        return Tags(
            estimator_type=self.estimator_type,
            target_tags=TargetTags(required=self.estimator_type in ("classifier", "tagger")),
            classifier_tags=ClassifierTags() if classifier else None,
            regressor_tags=RegressorTags() if regressor else None,
            transformer_tags=TransformerTags() if self.estimator_type == "transformer" else None,
            # One text or number a row: scikit-learn's own checks must not ask for a table of features.
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


class Estimator(Params):
    """An estimator whose arguments left at None keep the value of `config`, and whose model is an artefact."""

    task: ClassVar[Task]
    """The task that it learns; its settings are what `config` is when none is given."""
    flat: ClassVar[tuple[str, ...]]
    """Arguments of the constructor that are settings."""

    no_net: ClassVar[str] = ""
    """What `cell` is where no net is to learn; empty: one always does."""
    usual_validation: ClassVar[float | None] = None
    """What is held out where `validation` may be left open, and is."""

    config: Settings | None
    random_state: Any
    validation: float | None
    model_: Any
    history_: list[Record]
    best_epoch_: int
    warnings_: list[str]
    out_of_fold_: Figures
    """What `fit` measured on rows that it had not learnt from, fold by fold; empty where it held rows out."""
    notes_: list[str]
    """What was remarkable and needs nobody's attention."""
    forgotten_ = ""
    """Why a loaded model cannot be fitted again; empty: it can."""
    seed_: int
    """What `random_state` came to in the fit."""

    def chosen(self) -> dict[str, Any]:
        """Return this estimator's own arguments that are settings and were given."""
        given = {name: getattr(self, name) for name in self.flat if getattr(self, name) is not None}
        if self.no_net and given.get("cell") == self.no_net:
            del given["cell"]
        return given

    def settings(self) -> Settings:
        """Return the configuration with this estimator's own arguments put in.

        Raises UsageError for a bad one, and for one that this task does not read.
        """
        if self.config is not None and not isinstance(self.config, Settings):
            allowed = f"Settings, such as {self.task.name.upper()}_SETTINGS.changed({{…}})"
            raise UsageError("config", found=type(self.config).__name__, allowed=allowed)
        # Fitted again by the defaults it would become another model in silence; a `config` of the user's says what is
        # wanted.
        if self.config is None and self.forgotten_:
            raise UsageError(
                f"the loaded model cannot be fitted again: {self.forgotten_}", advice="make a new estimator"
            )
        settings = (self.config or self.task.settings).changed(self.chosen())
        check_read(settings, self.task.name, begun=self.task.settings)
        return settings

    def asked(self) -> Asked:
        """Return what a fit is asked for; raises UsageError for what is out of its range."""
        settings, seed = self.settings(), seed_of("random_state", self.random_state)
        part = self.usual_validation if self.validation is None else self.validation
        holds, vectors = self.validation is not None, getattr(self, "vectors", None)
        named = tuple(self.chosen())
        return Asked(settings, seed, held_out("validation", part), holds=holds, vectors=vectors, named=named)

    def fit_prepared(self, prepared: Prepared, *, run: str | Path | None = None, watch: Watch | None = None) -> Self:
        """Learn from rows that the task has prepared; what is doubtful is only kept in `warnings_`."""
        # Here, since it imports torch: an estimator that was loaded answers without.
        from recurra.training.loop import learn

        learnt = learn(self.task, prepared, run=run, watch=watch)
        self._remember(learnt.finished.model, learnt.history, learnt.best_epoch, prepared)
        self.warnings_ = [*prepared.warnings, *learnt.finished.warnings]
        self.notes_ = [*prepared.notes, *prepared.told.get("chosen", []), *learnt.finished.notes]
        self.out_of_fold_ = learnt.finished.evaluation
        vars(self).update(prepared.attributes)
        return self

    def save(self, folder: str | Path) -> None:
        """Write the artefact."""
        require_fitted(self)
        self.model_.save(folder, card=self.model_.card(self.history_, self.best_epoch_))

    def to_onnx(self, file: str | Path, *, int8: bool = False, tolerance: float | None = None) -> None:
        """Write the model as an ONNX file, once ONNX Runtime has answered a thousand inputs as Recurra does.

        `int8` stores larger matrices as int8, with a scale for each row; `tolerance` is the difference that is allowed
        (None: 1e-5). Raises UsageError where onnx or onnxruntime is not installed, ArtefactError for a model that ONNX
        cannot hold, or whose file answers otherwise.
        """
        from recurra.exports.onnx import export_onnx

        require_fitted(self)
        export_onnx(self.model_, file, int8=int8, tolerance=tolerance)

    def _remember(self, model: Any, history: list[Record], best_epoch: int, prepared: Prepared) -> None:
        """Take over what a fit gave, and let the model tell how it came to be."""
        self.history_, self.best_epoch_, self.seed_ = history, best_epoch, prepared.seed
        columns = prepared.columns
        origin = ModelOrigin(
            parameters=self._parameters(),
            settings=self.settings().model_dump(mode="json", exclude=NOWHERE),
            history=kept_history(history),
            best_epoch=best_epoch,
            text=columns.text if columns is not None else None,
            label=columns.label if columns is not None else None,
        )
        self.model_ = replace(model, origin=origin)

    def _parameters(self) -> dict[str, Any]:
        """The constructor's arguments that were given, as JSON holds them; a generator is the seed it gave."""
        # `config` is part of the settings, which an origin holds as a whole.
        given = {name: value for name, value in self.changed_params().items() if name != "config"}
        if "random_state" in given and not isinstance(given["random_state"], int | None):
            # A generator has moved on since: only the seed that it gave makes this model again.
            given["random_state"] = self.seed_
        return {name: _plain(value) for name, value in given.items()}

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return an estimator that answers from an artefact or a run, with the arguments and settings of its fit."""
        return cls.holding(model_of(cls.task.name).load(folder))

    @classmethod
    def holding(cls, model: Any) -> Self:
        """Return an estimator around a loaded model."""
        origin = model.origin
        # An artefact of a later version may name arguments that this one does not have.
        known = {name: value for name, value in origin.parameters.items() if name in cls.parameter_names()}
        loaded = cls(**known)
        try:
            loaded.config = validated(Settings, origin.settings) if origin.settings is not None else None
        # Not refused: an answer needs no settings, only another fit does.
        except UsageError as problem:
            loaded.forgotten_ = f"its settings are not those of this version: {problem}"
        if origin.settings is None:
            loaded.forgotten_ = "its artefact, of an earlier version or of no estimator, holds no settings"
        loaded.model_, loaded.history_ = model, origin.epochs
        loaded.best_epoch_ = origin.best_epoch
        return loaded


@dataclass(kw_only=True, eq=False, repr=False)
class TaskEstimator(Estimator):
    """The estimator of a task that has none of its own: all choices are settings."""

    flat = ()

    vectors: str | Path | None = None
    validation: float = 0.1
    random_state: int = 0
    config: Settings | None = None

    def fit(self, rows: Any) -> TaskEstimator:
        """Learn from rows as the task prepares them; raises as the task does."""
        return self.fit_prepared(self.task.prepare(self.asked(), rows))


def estimator_of(task: str) -> type[Any]:
    """Return the class of a task's estimators."""
    if own := CALLED[task].estimator:
        estimator: type[Any] = getattr(import_module(f"recurra.estimators.{task}"), own)
        return estimator
    # A task that brings a record and a head, and no estimator, gets a class made for it.
    return type(TaskEstimator.__name__, (TaskEstimator,), {"task": task_named(task)})


def load(folder: str | Path) -> Any:
    """Return the estimator of a run or an artefact: a TextClassifier, a LanguageModel, a Forecaster and so on.

    Of a net that was imported it returns the net itself: `run(values)` answers arrays (docs/importing.md).

    It answers without torch, and has the arguments, settings and history of its fit. Raises ArtefactError for a folder
    that is none or is damaged.

    >>> recurra.load("runs/tickets").predict(["where is my refund"])  # doctest: +SKIP
    """
    model = load_any(resolve(Path(folder)))
    return estimator_of(model.task).holding(model) if model.task in CALLED else model


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    # JSON holds no scalars or arrays of NumPy; the origin is frozen, so a list becomes a tuple.
    plain = value.tolist() if hasattr(value, "dtype") else value
    return tuple(map(_plain, plain)) if isinstance(plain, list | tuple) else plain
