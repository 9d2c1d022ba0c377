namespace UnpairedSegEngine.Cli.Options;

/// <summary>The least value of a numeric option.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AtLeastAttribute(double minimum) : Attribute
{
    public double Minimum => minimum;
}
