//! Creates the thumbnail of an image.
//!
//! Uploads are untrusted, so the dimensions in the header of an image are checked before any pixel is decoded.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader};
use thiserror::Error;

/// The maximum length of a thumbnail's longer side in pixels. A smaller image keeps its size.
pub(crate) const MAX_SIDE: u32 = 256;

/// The JPEG quality, from 1 to 100.
const QUALITY: u8 = 80;

/// The maximum size of a colour profile that is copied to the thumbnail, in bytes. Camera profiles are much smaller.
const MAX_PROFILE_BYTES: usize = 16 * 1024;

/// The maximum memory for decoding a header, in bytes: the colour profile of a PNG is compressed.
const MAX_HEADER_MEMORY: u64 = 64 * 1024 * 1024;

/// The limits for an image. With the default, decoding needs less than 700 MB of memory in every format.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Maximum size of the file in bytes.
    pub(crate) bytes: u64,
    /// Maximum length of the longer side in pixels.
    pub(crate) side: u32,
    /// Maximum number of pixels.
    pub(crate) pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 20 * 1024 * 1024, side: 16_384, pixels: 40_000_000 }
    }
}

/// A thumbnail, and the format and the dimensions of its original, with the orientation applied.
#[derive(Clone, Debug)]
pub(crate) struct Thumbnail {
    /// The JPEG file. It contains the colour profile of the image, but no other metadata such as location or camera.
    pub(crate) jpeg: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) original_width: u32,
    pub(crate) original_height: u32,
}

/// The reason why no thumbnail can be created. All of them are permanent.
#[derive(Debug, Error)]
pub(crate) enum ThumbnailError {
    #[error("the file is larger than {limit} bytes")]
    TooManyBytes { limit: u64 },
    #[error("the image has {width} x {height} pixels, more than {} per side or {} in total", .limits.side, .limits.pixels)]
    TooManyPixels { width: u32, height: u32, limits: Limits },
    #[error("decoding the {content_type} exceeds the memory limit")]
    TooMuchMemory { content_type: &'static str },
    #[error("the file is not a JPEG, PNG or WebP image")]
    NotAnImage,
    #[error("the {content_type} is corrupt: {source}")]
    Corrupt { content_type: &'static str, source: ImageError },
    #[error("the end of the JPEG is missing")]
    Truncated,
}

/// Creates the thumbnail of an image as a JPEG: upright, on a white background, and with the first frame of an animation.
/// The result is deterministic.
///
/// This is CPU-bound and may take seconds: do not call it on an async worker thread.
pub(crate) fn make(file: &[u8], limits: &Limits) -> Result<Thumbnail, ThumbnailError> {
    if file.len() as u64 > limits.bytes {
        return Err(ThumbnailError::TooManyBytes { limit: limits.bytes });
    }
    let format = image::guess_format(file).map_err(|_| ThumbnailError::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(ThumbnailError::NotAnImage);
    }
    let content_type = format.to_mime_type();
    let failed = |source| match source {
        ImageError::Limits(_) => ThumbnailError::TooMuchMemory { content_type },
        _ => ThumbnailError::Corrupt { content_type, source },
    };

    let mut decoder = header(file, format).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.side || u64::from(width) * u64::from(height) > limits.pixels {
        return Err(ThumbnailError::TooManyPixels { width, height, limits: limits.clone() });
    }
    // The decoder fills the missing part of a JPEG with grey.
    if format == ImageFormat::Jpeg && !has_end(file) {
        return Err(ThumbnailError::Truncated);
    }
    let mut decoding = image::Limits::default();
    (decoding.max_image_width, decoding.max_image_height) = (Some(limits.side), Some(limits.side));
    // A pixel takes at most eight bytes.
    decoding.max_alloc = Some(limits.pixels.saturating_mul(8));
    decoder.set_limits(decoding).map_err(failed)?;
    let orientation = decoder.orientation().map_err(failed)?;
    let profile = decoder.icc_profile().map_err(failed)?.filter(|profile| fits_a_jpeg(profile));

    let mut image = scaled(on_white(DynamicImage::from_decoder(decoder).map_err(failed)?));
    // After scaling: rotating a large image would need memory for a second one.
    image.apply_orientation(orientation);
    let jpeg = encode(&image, profile).map_err(failed)?;
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let is_sideways = matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH);
    let (original_width, original_height) = if is_sideways { (height, width) } else { (width, height) };
    Ok(Thumbnail { jpeg, content_type, original_width, original_height })
}

/// Returns a decoder that has only read the header.
pub(crate) fn header(file: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(MAX_HEADER_MEMORY);
    reader.limits(limits);
    reader.into_decoder()
}

/// Returns `true` if the end marker (FF D9) follows the header. Within a scan, FF D9 occurs only as the marker (ITU-T
/// T.81, B.1.1.5), while a header may contain a preview image with its own end marker.
fn has_end(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    loop {
        rest = match *rest {
            [0xFF, 0xDA, ..] => return rest.windows(2).any(|two| two == [0xFF, 0xD9]),
            // A segment: its marker and its length, which includes the two bytes of the length itself.
            [0xFF, 0x01..=0xFE, high, low, ..] => {
                rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..).unwrap_or_default()
            }
            // Bytes between segments that decoders skip.
            [_, ..] => &rest[1..],
            [] => return false,
        }
    }
}

/// Returns `true` if a colour profile is small and for RGB (ICC.1:2022, 7.2.6), since the thumbnail is always RGB.
fn fits_a_jpeg(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE_BYTES && profile.get(16..20) == Some(b"RGB ")
}

/// Replaces transparency with white. Must run before scaling: the colour of a transparent pixel is undefined.
fn on_white(image: DynamicImage) -> DynamicImage {
    if !image.has_alpha() {
        return image;
    }
    let mut image = image.into_rgba8();
    for image::Rgba([red, green, blue, alpha]) in image.pixels_mut() {
        for channel in [red, green, blue] {
            let (ink, paper) = (u16::from(*channel) * u16::from(*alpha), 255 * (255 - u16::from(*alpha)));
            *channel = u8::try_from((ink + paper + 127) / 255).unwrap_or(u8::MAX);
        }
        *alpha = u8::MAX;
    }
    image.into()
}

/// Scales in two steps: a fast one to roughly the size, and a high-quality one to the exact size.
fn scaled(image: DynamicImage) -> DynamicImage {
    let longer = |image: &DynamicImage| image.width().max(image.height());
    let image = if longer(&image) > 4 * MAX_SIDE { image.thumbnail(2 * MAX_SIDE, 2 * MAX_SIDE) } else { image };
    if longer(&image) > MAX_SIDE {
        image.resize(MAX_SIDE, MAX_SIDE, image::imageops::FilterType::Lanczos3)
    } else {
        image
    }
}

fn encode(image: &DynamicImage, profile: Option<Vec<u8>>) -> Result<Vec<u8>, ImageError> {
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).map_err(ImageError::Unsupported)?;
    }
    encoder.write_image(&image.to_rgb8(), image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(jpeg)
}
