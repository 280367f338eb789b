plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "io.github.albertedge.example"
    compileSdk = 35
    defaultConfig {
        applicationId = "io.github.albertedge.example"
        minSdk = 24
        targetSdk = 35
        versionCode = 1
        versionName = "1"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    kotlinOptions { jvmTarget = "17" }
    // The models of the repository; stored as they are, so that they are mapped.
    sourceSets["main"].assets.srcDir("../../../../models")
    androidResources { noCompress += "albert" }
}

dependencies {
    implementation(project(":albert"))
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.10.2")
}
