"""What people see of clips: preview pictures, HTML in notebooks, the page that describes a data set."""
