// Void samples are stored far below any terrain; anything under the limit is void.
const VOID_HEIGHT: f32 = -3e38;
const VOID_LIMIT: f32 = -1e38;
