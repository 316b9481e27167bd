"""What needs a person: found, listed, told, and mended with a click.

aside.py    what a person has put aside                      (no Qt)
derive.py   what needs a person, from the mirror's rows      (no Qt)
desk.py     puts the parts together for the main window
fixing.py   what the buttons do
needs.py    keeps the list true as the mirror changes
news.py     what is worth a notification                     (no Qt)
notify.py   gathers news and hands it to the desktop
pane.py     the list
settings.py which news is told; a page of the settings
tray.py     the icon in the desktop's tray
words.py    all of it in words
"""
