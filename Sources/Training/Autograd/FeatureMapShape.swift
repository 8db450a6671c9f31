/// The shape `[N, C, H, W]` of a feature map.
struct FeatureMapShape: Hashable {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int

  init(_ shape: [Int]) {
    (images, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
  }

  /// Elements of one channel of one image.
  var plane: Int { height * width }
  /// Elements of one image.
  var image: Int { channels * plane }
  var count: Int { images * image }
}
