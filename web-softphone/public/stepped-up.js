// The window that was opened to prove who one is has done its work.
window.close();
