//! The loops that move what happens along the flow.
