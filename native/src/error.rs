//! The one error type. Its category is the first word a user sees, in brackets.

/// Everything that can go wrong, by category. Texts say what was expected, what came, and the remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RenderError {
    /// No adapter, no device, or the device was lost.
    #[error("[Device] {0}")]
    Device(String),
    /// Heights or a drape could not be brought to the GPU.
    #[error("[Upload] {0}")]
    Upload(String),
    /// A frame failed.
    #[error("[Render] {0}")]
    Render(String),
    /// Bytes could not be brought back.
    #[error("[Readback] {0}")]
    Readback(String),
    /// A reservation would pass a limit.
    #[error("[Budget] {0}")]
    Budget(String),
    /// An argument is out of its range.
    #[error("[Input] {0}")]
    Input(String),
    /// A shader text is wrong: where, with the line and a caret, and why. Its lines are for people.
    #[error("[Shader] {0}")]
    Shader(String),
    /// The caller asked to stop.
    #[error("[Cancelled] stopped on request; the renderer stays usable")]
    Cancelled,
    /// A defect of ours, caught at the border.
    #[error("[Internal] {0}; this is a defect of forge3d_native, please report it")]
    Internal(String),
}

/// `Result` with [`RenderError`].
pub type Result<T> = std::result::Result<T, RenderError>;
