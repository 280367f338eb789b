package android.app;

public class Activity extends android.content.Context {
    @Override
    public android.content.res.AssetManager getAssets() {
        return null;
    }

    protected void onCreate(android.os.Bundle state) {}

    protected void onDestroy() {}

    public void setContentView(android.view.View view) {}
}
