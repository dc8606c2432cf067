"""A picture of the model: the residual stream, and the components that read from it and write to it."""

from app.widgets.model_picture.picture import CopyPath, Picture, picture_data, show

__all__ = ["CopyPath", "Picture", "picture_data", "show"]
