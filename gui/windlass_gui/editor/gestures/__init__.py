"""What a person does with the mouse on the canvas, each as one object with a start, moves, an end and a way out."""

from windlass_gui.editor.gestures.band import BandGesture
from windlass_gui.editor.gestures.base import Gesture
from windlass_gui.editor.gestures.cut import CutGesture
from windlass_gui.editor.gestures.key_link import KeyLinkGesture
from windlass_gui.editor.gestures.link import LinkGesture
from windlass_gui.editor.gestures.move import MoveGesture
from windlass_gui.editor.gestures.note import NoteGesture
from windlass_gui.editor.gestures.panning import PanGesture
from windlass_gui.editor.gestures.reroute import RerouteGesture

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
