"""What a person does with the mouse on the canvas, each as one object with a start, moves, an end and a way out."""

from windlass_gui.editor.canvas.gestures.band import BandGesture
from windlass_gui.editor.canvas.gestures.base import Gesture
from windlass_gui.editor.canvas.gestures.cut import CutGesture
from windlass_gui.editor.canvas.gestures.key_link import KeyLinkGesture
from windlass_gui.editor.canvas.gestures.link import LinkGesture
from windlass_gui.editor.canvas.gestures.move import MoveGesture
from windlass_gui.editor.canvas.gestures.note import NoteGesture
from windlass_gui.editor.canvas.gestures.panning import PanGesture
from windlass_gui.editor.canvas.gestures.reroute import RerouteGesture

__all__ = [
    "BandGesture",
    "CutGesture",
    "Gesture",
    "KeyLinkGesture",
    "LinkGesture",
    "MoveGesture",
    "NoteGesture",
    "PanGesture",
    "RerouteGesture",
]
