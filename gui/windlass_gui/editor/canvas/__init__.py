"""The graph as a drawing: scene, view, gestures, and what lies over them."""
