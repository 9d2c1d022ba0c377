#:project ../src/Segmentation/Segmentation.csproj
#:property PublishAot=false
// A trained run in a program: dotnet run samples/OpenModel.cs RUN CT volume.nii.gz labels.nii.gz
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Inference;

using TrainedModel model = TrainedModel.Open(args[0]);
NiftiWriter.Write(args[3], model.Segment(NiftiFile.Open(args[2]).ToFloatVolume(), modality: args[1]));
