"""What may vary (`SceneSpec`), what is (`Scene`), and the way from one to the other (`sample`)."""
