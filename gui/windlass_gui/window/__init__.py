"""The main window: what stands around the documents and joins the parts."""
