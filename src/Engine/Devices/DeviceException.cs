namespace UnpairedSegEngine.Devices;

/// <summary>A device failed in the midst of its work; the message is one line.</summary>
public sealed class DeviceException(string message, Exception inner) : Exception(message, inner);
