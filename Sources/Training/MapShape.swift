/// `[N, C, H, W]` of a value in the network.
struct FeatureMapShape: Hashable {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int

  init(_ shape: [Int]) {
    (images, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
  }

  var plane: Int { height * width }
  var image: Int { channels * plane }
  var count: Int { images * image }
}
